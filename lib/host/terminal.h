// The user's terminal: what it can show, questions to the person at it, and streams whose reader may go away. Questions
// may be asked in any thread, one at a time.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace rf {

enum class ColorWish { automatic, always, never };

struct TerminalFacts {
  bool live = false;   // a person is looking: progress may be redrawn in place
  int width = 80;      // columns; $COLUMNS, else the terminal's; 0, no limit, where the text goes to a file or a pipe
  bool color = false;  // the wish, NO_COLOR, TERM=dumb and what the stream is, taken together
};
TerminalFacts terminal_facts(int descriptor, ColorWish wish);

// A stream that keeps going when its reader has gone (`| head`): a transaction must not die of that.
class OutStream {
 public:
  explicit OutStream(int descriptor) : descriptor_(descriptor) {}
  void write(std::string_view text);
  // An Error when something was lost that a reader was there to take (a full disk, not a closed pipe).
  Result<void> finish();

 private:
  int descriptor_;
  int failure_ = 0;  // errno of the first failed write
};

// Whether a person can be asked: this process has a terminal, wherever its standard streams go.
bool can_ask();
// Asks on /dev/tty without echo. An Error when there is no terminal; of kind interrupted after a signal, which then
// ends the program as it would have; of kind auth after Ctrl-D.
Result<Secret> ask_secret(std::string_view question);
// Asks on /dev/tty. Anything but "y" and "yes" is no; Ctrl-C and Ctrl-D are `interrupted`.
enum class Reply { yes, no, interrupted, nobody_to_ask };
Reply ask_yes(std::string_view question);

}  // namespace rf
