// A command as data: what is said about it, the flags it takes and where their values go, and what runs.
#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "line/context.h"
#include "line/options.h"
#include "report/command_doc.h"

namespace rf::cmd {

enum Exit : int {
  exit_done = 0,
  exit_failed = 1,    // at least one node failed; it is in its old state or was not reached
  exit_usage = 2,     // wrong usage or intent; nothing was touched
  exit_findings = 3,  // changes (plan --check), findings (test, doctor), or nodes that are not in sync (status --check)
  exit_stuck = 4,     // at least one node needs a person
  exit_not_as_declared = 5,  // at least one node was changed, and planning again shows more changes
  exit_bug = 70,
  exit_interrupted = 130,
};

// Stores what a text means; an Error of kind usage where it means nothing.
using Store = std::function<Result<void>(const std::string& text)>;

struct Flag {
  FlagDoc doc;
  std::variant<bool*, int*, std::string*, std::vector<std::string>*, Store> into;
};
// A flag with these values and no others.
template <class Into>
Flag choice(FlagDoc doc, Into& into, std::type_identity_t<std::vector<std::pair<std::string, Into>>> values) {
  for (const auto& [name, value] : values) doc.choices.push_back(name);
  const auto store = [&into, values = std::move(values)](const std::string& text) -> Result<void> {
    for (const auto& [name, value] : values)
      if (name == text) into = value;
    return {};
  };
  return {std::move(doc), Store(store)};
}
// A flag whose text is parsed.
template <class Into, class Parse>
Flag parsed(FlagDoc doc, Into& into, Parse parse) {
  const auto store = [&into, parse](const std::string& text) -> Result<void> {
    RF_TRY(into, parse(text));
    return {};
  };
  return {std::move(doc), Store(store)};
}
// "30s", "2m", "500ms", "30".
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

struct Command {
  CommandDoc doc;  // its flags and arguments are filled in from those below
  std::vector<Flag> arguments = {};
  std::vector<Flag> flags = {};
  std::function<int(Context&)> run;
};

// Flags that several commands take, each group under its own heading in the help.
std::vector<Flag> output_flags(Options& options);
std::vector<Flag> node_flags(Options& options);
std::vector<Flag> intent_flags(Options& options);
std::vector<Flag> rollout_flags(Options& options);
std::vector<Flag> operator+(std::vector<Flag> left, std::vector<Flag> right);

// One function a command, each in the file of its name.
Command detect_command(Options& options);
Command plan_command(Options& options);
Command apply_command(Options& options);
Command test_command(Options& options);
Command rollback_command(Options& options);
Command uninstall_command(Options& options);
Command doctor_command(Options& options);
Command status_command(Options& options);
Command migrate_command(Options& options);
Command render_command(Options& options);
Command init_command(Options& options);
Command explain_command(Options& options);
Command kind_command(Options& options);
Command completion_command(Options& options);
Command man_command(Options& options);

std::vector<Command> all_commands(Options& options);
ProgramDoc program_doc(const std::vector<Command>& commands);

}  // namespace rf::cmd
