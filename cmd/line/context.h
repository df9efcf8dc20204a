// What a command needs of the world it runs in: the streams, how they look, and the values of the flags.
#pragma once
#include <string>
#include <string_view>

#include "apply/outcome.h"
#include "base/result.h"
#include "host/terminal.h"
#include "line/options.h"
#include "report/text_style.h"
#include "report/value.h"

namespace rf::cmd {

struct Context {
  const Options& options;
  OutStream& out;          // results
  OutStream& diagnostics;  // progress, notes, errors
  TerminalFacts out_terminal;
  TerminalFacts diagnostics_terminal;

  bool wants_table() const { return options.format == Format::table; }
  TextStyle style() const;              // of results
  TextStyle diagnostics_style() const;  // of diagnostics
  // A result for a machine, in the format asked for.
  void print(const Value& value) { out.write(options.format == Format::yaml ? to_yaml(value) : to_json(value)); }
  void note(std::string_view text);     // unless --quiet
  void warning(std::string_view text);  // unless --quiet
  void error(const Error& error);
  int fail(const Error& error);  // says it; the exit code it stands for
};

// The exit code an Error that ends a whole command stands for.
int exit_code_of(const Error& error);
int exit_code_of(Verdict verdict);

}  // namespace rf::cmd
