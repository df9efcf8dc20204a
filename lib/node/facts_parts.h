// Parts of reading and writing facts that stand in files of their own.
#pragma once
#include <charconv>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "node/facts.h"

namespace rf {

struct KubeletProcess {
  int pid = 0;
  std::string config_file;
};
// Fills kubelet_endpoint and kubelet_source from the kubelet's arguments, its configuration, or what kubeadm left. An
// Error of kind unreadable where one of these is beyond our limits.
Result<void> find_kubelet_endpoint(Facts& facts, const KubeletProcess& kubelet);

// The first word of `text`, which then begins behind the space.
std::string_view take_word(std::string_view& text);
// False unless the whole text is a number that fits.
template <class Number>
bool to_number(std::string_view text, Number& out, int base = 10) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return code == std::errc() && end == text.data() + text.size();
}

// The words of a node, each `unknown` for any other.
PluginState plugin_state(std::string_view word);
ActiveState active_state(std::string_view word);
EnabledState enabled_state(std::string_view word);
ReceiptResult receipt_result(std::string_view word);
Unfinished::State unfinished_state(std::string_view word);  // `other` for any other

// Takes one line of a receipt, "KEY VALUE", into it; at most `most_files` files. Other keys are of newer versions.
void take_receipt_line(ReceiptSummary& receipt, std::string_view line, std::size_t most_files);

// The value of the first of `names` among arguments, as "--name value" or "--name=value"; "" when it is not there.
std::string flag_value(const std::vector<std::string>& argv, std::initializer_list<std::string_view> names);

}  // namespace rf
