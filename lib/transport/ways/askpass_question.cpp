#include "transport/ways/askpass_question.h"

#include <algorithm>

#include "base/text.h"

namespace rf {
namespace {

using ServerQuestions = SshProgramSettings::ServerQuestions;

// Where " (yes/no)? ", " (yes/no/[fingerprint])? " or " (yes/no): " begins, at the end; npos where there is none.
std::size_t choice_at(std::string_view prompt) {
  const auto at = prompt.rfind(" (yes/no");
  if (at == prompt.npos) return at;
  const auto close = prompt.find(')', at);
  const bool ends = close != prompt.npos && prompt.size() - close <= 2 && prompt.find('\n', at) == prompt.npos;
  return ends ? at : prompt.npos;
}

}  // namespace

std::string print_askpass_question(const AskpassQuestion& question) {
  std::string text;
  for (const auto* part : {&question.token, &question.kind, &question.prompt}) text += *part + '\0';
  return text;
}

Result<AskpassQuestion> parse_askpass_question(std::string_view bytes) {
  const auto parts = bytes.size() <= longest_askpass_question && std::count(bytes.begin(), bytes.end(), '\0') == 3
                         ? split(bytes, '\0')
                         : std::vector<std::string_view>();
  if (parts.size() == 4 && parts.back().empty())
    return AskpassQuestion{std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
  return Error{.kind = ErrorKind::protocol, .message = "received something that is not a question of ssh"};
}

SshPrompt parse_ssh_prompt(const AskpassQuestion& question, ServerQuestions server_questions) {
  const auto text = trim(question.prompt);
  if (question.kind == "none") return {.kind = SshPrompt::Kind::notice, .words = std::string(text)};
  const auto choice = choice_at(text);
  const bool confirms = question.kind == "confirm" || choice != text.npos;
  const bool of_server = text.starts_with('(');
  // A wrong "yes" tells a server nothing; a passphrase must not go to one that has only copied the words.
  const bool of_key = text.starts_with("Enter passphrase for key ") && server_questions == ServerQuestions::marked;
  SshPrompt prompt{.words = std::string(text)};
  if (confirms) {
    prompt.kind = SshPrompt::Kind::confirmation;
    prompt.words = choice == text.npos ? prompt.words : std::string(text.substr(0, choice)) + "?";
  }
  if (!of_server && (confirms || of_key)) prompt.answer = SshPrompt::Answer::for_all;
  return prompt;
}

}  // namespace rf
