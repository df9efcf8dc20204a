// The words a node's programs use, each with the type it is in facts.
#include <array>
#include <utility>

#include "node/facts_parts.h"

namespace rf {
namespace {

template <class State>
using Word = std::pair<State, std::string_view>;

constexpr std::array plugin_words{
    Word<PluginState>{PluginState::ok, "ok"},
    Word<PluginState>{PluginState::error, "error"},
    Word<PluginState>{PluginState::skip, "skip"},
    Word<PluginState>{PluginState::unknown, "unknown"},
};
constexpr std::array active_words{
    Word<ActiveState>{ActiveState::active, "active"},
    Word<ActiveState>{ActiveState::reloading, "reloading"},
    Word<ActiveState>{ActiveState::refreshing, "refreshing"},
    Word<ActiveState>{ActiveState::activating, "activating"},
    Word<ActiveState>{ActiveState::deactivating, "deactivating"},
    Word<ActiveState>{ActiveState::inactive, "inactive"},
    Word<ActiveState>{ActiveState::failed, "failed"},
    Word<ActiveState>{ActiveState::maintenance, "maintenance"},
};
constexpr std::array enabled_words{
    Word<EnabledState>{EnabledState::enabled, "enabled"},
    Word<EnabledState>{EnabledState::enabled_runtime, "enabled-runtime"},
    Word<EnabledState>{EnabledState::linked, "linked"},
    Word<EnabledState>{EnabledState::linked_runtime, "linked-runtime"},
    Word<EnabledState>{EnabledState::alias, "alias"},
    Word<EnabledState>{EnabledState::masked, "masked"},
    Word<EnabledState>{EnabledState::masked_runtime, "masked-runtime"},
    Word<EnabledState>{EnabledState::static_unit, "static"},
    Word<EnabledState>{EnabledState::indirect, "indirect"},
    Word<EnabledState>{EnabledState::disabled, "disabled"},
    Word<EnabledState>{EnabledState::generated, "generated"},
    Word<EnabledState>{EnabledState::transient, "transient"},
    Word<EnabledState>{EnabledState::bad, "bad"},
};
constexpr std::array receipt_words{
    Word<ReceiptResult>{ReceiptResult::settling, "settling"},
    Word<ReceiptResult>{ReceiptResult::applied, "applied"},
    Word<ReceiptResult>{ReceiptResult::rolling_back, "rolling-back"},
    Word<ReceiptResult>{ReceiptResult::rolled_back, "rolled-back"},
    Word<ReceiptResult>{ReceiptResult::stuck, "stuck"},
    Word<ReceiptResult>{ReceiptResult::unknown, "unknown"},
};
constexpr std::array unfinished_words{
    Word<Unfinished::State>{Unfinished::State::none, "none"},
    Word<Unfinished::State>{Unfinished::State::staged, "staged"},
    Word<Unfinished::State>{Unfinished::State::committing, "committing"},
    Word<Unfinished::State>{Unfinished::State::applied, "applied"},
    Word<Unfinished::State>{Unfinished::State::rolling_back, "rolling-back"},
    Word<Unfinished::State>{Unfinished::State::rolled_back, "rolled-back"},
    Word<Unfinished::State>{Unfinished::State::stuck, "stuck"},
    Word<Unfinished::State>{Unfinished::State::refused, "refused"},
    Word<Unfinished::State>{Unfinished::State::other, "unknown"},
};

template <class Words>
auto state_of(const Words& words, std::string_view wanted) {
  for (const auto& [state, word] : words)
    if (word == wanted) return state;
  return decltype(words.front().first){};  // unknown
}

template <class Words, class State>
std::string_view word_of(const Words& words, State wanted) {
  for (const auto& [state, word] : words)
    if (state == wanted) return word;
  return "";
}

}  // namespace

std::string_view take_word(std::string_view& text) {
  const auto space = text.find(' ');
  const auto word = text.substr(0, space);
  text = space == text.npos ? std::string_view() : text.substr(space + 1);
  return word;
}

PluginState plugin_state(std::string_view word) { return state_of(plugin_words, word); }
ActiveState active_state(std::string_view word) { return state_of(active_words, word); }
EnabledState enabled_state(std::string_view word) { return state_of(enabled_words, word); }
ReceiptResult receipt_result(std::string_view word) { return state_of(receipt_words, word); }
Unfinished::State unfinished_state(std::string_view word) {
  for (const auto& [state, known] : unfinished_words)
    if (known == word) return state;
  return Unfinished::State::other;
}

std::string_view to_string(PluginState state) { return word_of(plugin_words, state); }
std::string_view to_string(ActiveState state) { return word_of(active_words, state); }
std::string_view to_string(EnabledState state) { return word_of(enabled_words, state); }
std::string_view to_string(ReceiptResult result) { return word_of(receipt_words, result); }
std::string to_string(const Unfinished& transaction) {
  return transaction.id + " " + std::string(word_of(unfinished_words, transaction.state));
}

}  // namespace rf
