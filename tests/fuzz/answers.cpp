// Any text as what a program said: on the way to a shell, from ssh, a container engine, an HTTP server, a transaction's
// log, and our own state file. Read in time, cut anywhere, and never a raw control character in a message that quotes
// it.
#include "apply/apply.h"
#include "host/http_status.h"
#include "host/kind_cluster.h"
#include "host/last_apply.h"
#include "input.h"
#include "transport/shell/bootstrap_answer.h"
#include "transport/ways/askpass_question.h"
#include "transport/ways/openssh.h"

using namespace rf;
using fuzz::require;

namespace {

void require_quoted_safely(const Error& error) {
  require(!error.message.empty() && terminal_safe(error.message) == error.message);
}

struct Begun {
  BootstrapReader::Step last = BootstrapReader::Step::wait;
  int passwords = 0;
  bool failed = false;
  bool operator==(const Begun&) const = default;
};

Begun begin(std::string_view text, BootstrapReader::Password password, std::size_t piece) {
  using Step = BootstrapReader::Step;
  BootstrapReader reader(password);
  Begun begun;
  for (std::size_t at = 0; at < text.size() && begun.last != Step::ready; at += piece) {
    const auto step = reader.feed(text.substr(at, piece));
    if (!step) {
      require_quoted_safely(step.error());
      begun.failed = true;
      return begun;
    }
    begun.last = *step;
    begun.passwords += *step == Step::send_password;
  }
  require_quoted_safely(reader.ended());
  require(begun.passwords <= (password == BootstrapReader::Password::known ? 1 : 0));
  return begun;
}

void check_shell(std::string_view text) {
  for (const auto password : {BootstrapReader::Password::none, BootstrapReader::Password::known}) {
    const auto pieces = begin(text, password, 1);
    if (pieces.last == BootstrapReader::Step::ready) require(text.find("RF1-READY\n") != text.npos);
    (void)begin(text, password, 7);
  }
  require_quoted_safely(sudo_error(text));
  Target target;
  target.host = "node";
  (void)openssh_error(target, Error{ErrorKind::connect, std::string(text)});
}

void check_outcome(std::string_view text) {
  const auto outcome = read_outcome(text, "0123");
  if (!outcome) return;
  require(outcome->outcome == Outcome::unchanged ||
          text.find("end " + std::string(to_string(outcome->outcome))) != text.npos);
}

void check_engine(std::string_view text) {
  const auto containers = parse_kind_containers(text);
  if (!containers) return require_quoted_safely(containers.error());
  for (const auto& container : *containers) require(!container.name.empty() && container.name.front() != '-');
  const EngineAnswer answer{"docker", *containers};
  if (containers->empty()) return;
  const auto cluster = choose_kind_cluster(containers->front().cluster, {&answer, 1});
  require(cluster.ok());
  (void)nodes_of(*cluster, NodeSpec{});
}

void check_askpass(std::string_view text) {
  using ServerQuestions = SshProgramSettings::ServerQuestions;
  const auto question = parse_askpass_question(text);
  if (question) require(print_askpass_question(*question) == text);
  const AskpassQuestion asked =
      question ? *question : AskpassQuestion{.token = {}, .kind = {}, .prompt = std::string(text)};
  const auto prompt = parse_ssh_prompt(asked, ServerQuestions::marked);
  require(prompt.words.size() <= asked.prompt.size() + 1);
  // Never unasked: what begins as a server's own question does.
  if (prompt.words.starts_with('(')) require(prompt.answer == SshPrompt::Answer::for_one_node);
  const auto unmarked = parse_ssh_prompt(asked, ServerQuestions::unmarked);
  if (unmarked.kind == SshPrompt::Kind::secret) require(unmarked.answer == SshPrompt::Answer::for_one_node);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 8192) return 0;
  const auto text = fuzz::text_of(data, size);
  check_shell(text);
  check_outcome(text);
  check_engine(text);
  check_askpass(text);
  if (const auto status = parse_status_line(text)) require(*status >= 0 && *status <= 999);
  const auto last = parse_last_apply(text);
  require(parse_last_apply(print_last_apply(last)) == last);
  return 0;
}
