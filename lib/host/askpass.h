// This program as the one that ssh asks through: transport/ways/askpass.h.
#pragma once
#include <optional>
#include <string>

namespace rf {

// The file of this process's program; empty where the system does not tell.
std::string own_program();
// Where ssh runs us for a question: hands the question over, prints the answer, and gives the exit code. Nothing where
// the environment does not say where to: then we were not started for that.
std::optional<int> answer_for_ssh(const std::string& prompt);

}  // namespace rf
