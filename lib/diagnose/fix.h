// What to do about a finding: steps that a program can carry out as they are, or the reason why only a person can. The
// text for people is made from the steps, so that the two cannot differ. Tests carry the steps out.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rf {

// Why no program can carry a fix out.
enum class ByHand {
  nothing,    // nothing is wrong: it is reported so that nobody is surprised
  choice,     // several ways are right, and the node's files do not say which one is meant
  content,    // what belongs there is not on the node: a certificate, a secret, the meaning of a broken line
  elsewhere,  // another machine, program or release has to change
};
std::string_view to_string(ByHand reason);

// An edit of a file's lines. All numbers are those before any edit. New lines take the indentation of the line they are
// named by.
struct LineEdit {
  enum class Op {
    substitute,    // the first `from` on the line becomes `text`
    insert_above,  // `text` becomes a line of its own
    insert_below,
    append,      // at the end of the file
    remove,      // the lines from `line` to `last`
    move_above,  // the lines from `line` to `last` go above line `target`
    strip_mark,  // the byte order mark at the beginning
  };
  Op op = Op::substitute;
  int line = 0;
  std::string text = {};
  std::string from = {};
  int last = 0;
  int target = 0;
  bool operator==(const LineEdit&) const = default;
};
LineEdit substitute(int line, std::string from, std::string text);
LineEdit insert_above(int line, std::string text);
LineEdit insert_below(int line, std::string text);
LineEdit append_line(std::string text);
LineEdit remove_lines(int first, int last);
LineEdit move_above(int first, int last, int target);

struct EditLines {
  std::string file;
  std::vector<LineEdit> edits;
  bool operator==(const EditLines&) const = default;
};
// A string or, with `list`, a list of strings in a TOML file.
struct SetToml {
  std::string file;
  std::vector<std::string> path;
  std::vector<std::string> values;
  enum class Form { string, list } form = Form::string;
  int new_version = 0;  // the config version to begin a file with that does not exist; 0: it exists
  bool operator==(const SetToml&) const = default;
};
struct MakeDirectory {  // with those above it
  std::string path;
  bool operator==(const MakeDirectory&) const = default;
};
struct MovePath {
  std::string from;
  std::string to;
  bool operator==(const MovePath&) const = default;
};
struct CopyPath {
  std::string from;
  std::string to;
  bool operator==(const CopyPath&) const = default;
};
struct RemovePath {  // with everything below it
  std::string path;
  bool operator==(const RemovePath&) const = default;
};
struct RemoveDirectory {  // an empty one
  std::string path;
  bool operator==(const RemoveDirectory&) const = default;
};
struct ChangeMode {
  std::string path;
  unsigned mode;
  bool operator==(const ChangeMode&) const = default;
};
struct WriteFile {  // a new one
  std::string path;
  std::vector<std::string> lines;
  bool operator==(const WriteFile&) const = default;
};
enum class OurCommand { apply, migrate };
struct Restart {
  std::string command;  // "systemctl restart k3s"; a sentence where a program does so on its own
  bool operator==(const Restart&) const = default;
};
using FixStep = std::variant<EditLines, SetToml, MakeDirectory, MovePath, CopyPath, RemovePath, RemoveDirectory,
                             ChangeMode, WriteFile, OurCommand, Restart>;

struct Fix {
  std::string text = {};
  std::vector<FixStep> steps = {};
  std::optional<ByHand> by_hand = {};  // set where there are no steps

  Fix() = default;
  Fix(std::string words) : text(std::move(words)) {}
  Fix(const char* words) : text(words) {}
  bool operator==(const Fix&) const = default;

  // "..., or WORDS": another way, which no program takes.
  Fix or_else(std::string_view words) &&;
};

// "mv A B", "in FILE remove lines 4 to 5; then systemctl restart containerd"
std::string fix_text(const std::vector<FixStep>& steps);
Fix fix_by(std::vector<FixStep> steps);
// The same, and that it takes effect at once: hosts.toml files are read for every pull.
Fix live_fix(std::vector<FixStep> steps);
Fix fix_by_hand(ByHand reason, std::string words);
// "if CONDITION: ...": the node's files do not tell whether it holds; the steps are those for when it does.
Fix conditional(std::string_view condition, Fix fix);

}  // namespace rf
