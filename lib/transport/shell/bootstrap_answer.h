// What the far side says on its way to a root sh, read as it comes: our own marks, sudo's prompt and complaints, and
// noise. Pure.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rf {

class BootstrapReader {
 public:
  enum class Password { none, known, can_be_asked };
  explicit BootstrapReader(Password password) : password_(password) {}

  enum class Step {
    wait,            // nothing is to be done yet
    send_password,   // sudo asks for it; said once at most
    wants_password,  // sudo wants one that has to be asked for: it has ended, and is to be begun again
    ready,           // a root sh reads programs now
  };
  // Takes bytes that may be cut anywhere. An Error: there will be no shell.
  Result<Step> feed(std::string_view bytes);
  // Why there is no shell when the stream ends here.
  Error ended() const;
  // What was said last, safe for a terminal, for messages; "" for nothing.
  std::string excerpt() const;

 private:
  const Password password_;
  std::string said_;
  std::size_t looked_ = 0;   // of said_
  std::size_t prompts_ = 0;  // seen
  bool answered_ = false;
};

// Sudo's complaint: did it only lack a password? And what it means.
bool wants_password(std::string_view complaint);
Error sudo_error(std::string_view complaint);

}  // namespace rf
