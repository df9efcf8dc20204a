// What the program that ssh asks through hands over to the process that started ssh, and what ssh means by it. Pure.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "transport/config/ssh_settings.h"

namespace rf {

// In the environment of who asks: the socket where the question is taken, and the proof for which connection it is.
inline constexpr std::string_view askpass_socket_variable = "REGFALLBACK_ASKPASS_SOCKET";
inline constexpr std::string_view askpass_token_variable = "REGFALLBACK_ASKPASS_TOKEN";

// Three strings, each with a NUL after it: none of them can hold one, for they come from an environment and an argv.
struct AskpassQuestion {
  std::string token;
  std::string kind;    // SSH_ASKPASS_PROMPT: "", "confirm", or "none"
  std::string prompt;  // the words of ssh
  bool operator==(const AskpassQuestion&) const = default;
};
inline constexpr std::size_t longest_askpass_question = 16U << 10;
std::string print_askpass_question(const AskpassQuestion& question);
Result<AskpassQuestion> parse_askpass_question(std::string_view bytes);

// The answer is this mark with the text after it, up to the end; no answer is nothing at all.
inline constexpr char askpass_answer_mark = '+';

struct SshPrompt {
  enum class Kind {
    secret,
    confirmation,  // answered with "yes" or "no"
    notice,        // shown until ssh ends who shows it: a key waits for a touch
  } kind = Kind::secret;
  // Whether it is one question wherever ssh has the same words: a key's passphrase, a host's key. A server's own
  // question never is, nor one that a server could have written.
  enum class Answer { for_all, for_one_node } answer = Answer::for_one_node;
  std::string words;  // without "(yes/no)"
  bool operator==(const SshPrompt&) const = default;
};
SshPrompt parse_ssh_prompt(const AskpassQuestion& question, SshProgramSettings::ServerQuestions server_questions);

}  // namespace rf
