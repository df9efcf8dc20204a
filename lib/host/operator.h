// Who works with this program, and where.
#pragma once
#include <string>

namespace rf {

// "ana@laptop": the user, before sudo where sudo began this process, and this machine's name. Parts that are not known
// are a number or left out.
std::string operator_name();

}  // namespace rf
