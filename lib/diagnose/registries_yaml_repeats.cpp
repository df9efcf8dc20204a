// Keys that registries.yaml repeats, and documents in it that are not read.
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "diagnose/distribution.h"
#include "diagnose/mend.h"
#include "diagnose/rule.h"

namespace rf {
namespace {

// Whether the text says something from this line on: more than comments and marks of documents.
bool says_more(std::string_view text, int line) {
  int number = 0;
  for (const auto each : lines(text)) {
    const auto body = trim(each);
    if (++number >= line && !body.empty() && !body.starts_with('#') && body != "---" && body != "...") return true;
  }
  return false;
}

// A key and all lines it is written on.
struct RepeatedKey {
  YamlRepeat last;  // with the line before it
  std::vector<int> lines;
};

std::vector<RepeatedKey> keys_written_again(const RegistriesYaml& registries) {
  std::vector<RepeatedKey> keys;
  std::map<std::vector<std::string>, std::size_t> newest;  // of each path
  for (const auto& repeat : registries.repeated) {
    // Of a key that is written three times each is a repeat of the first one or of the one before it.
    const auto known = newest.find(repeat.path);
    auto* key = known == newest.end() ? nullptr : &keys[known->second];
    if (key != nullptr && (key->lines.front() == repeat.first || key->lines.back() == repeat.first)) {
      key->last = repeat;
      key->lines.push_back(repeat.again);
    } else {
      newest[repeat.path] = keys.size();
      keys.push_back({repeat, {repeat.first, repeat.again}});
    }
  }
  return keys;
}

}  // namespace

bool is_plain_key(std::string_view key) {
  return key.size() <= 40 &&
         key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == key.npos;
}

void look_for_repeated_keys(const View& view, Findings& found) {
  const auto registries = registries_of(view);
  if (!registries) return;
  const auto& file = view.registries_file();
  for (const auto& [repeat, lines] : keys_written_again(*registries)) {
    const bool joins = joins_the_first(repeat);
    const bool two = lines.size() == 2;
    const auto key = is_plain_key(repeat.path.back()) ? repeat.path.back() : "a key";
    std::vector<std::string> numbers;
    std::vector<Location> also;
    for (const int line : lines) {
      numbers.push_back(std::to_string(line));
      if (line != lines.back()) also.push_back({file, line, 0});
    }
    const std::vector<std::string> lost(numbers.begin(), numbers.end() - 1);
    found.add(
        joins ? Severity::note : Severity::warning,
        {.cause = fmt::format("{} is written {} in {}, on lines {}", key,
                              two ? "twice" : fmt::format("{} times", lines.size()), file, listed(numbers)),
         .where = Location{file, lines.back(), 0},
         .also = std::move(also),
         .effect = joins ? fmt::format("{} merges {}", title(view), two ? "the two" : "them")
                         : fmt::format("{} uses line {}; the value{} on line{} {} lost", title(view), lines.back(),
                                       two ? "" : "s", two ? "" : "s", listed(lost) + (two ? " is" : " are")),
         .fix = joins ? fix_by_hand(ByHand::nothing, "none is needed; merge them to make the file easier to read")
                      : words_then_restart(view, ByHand::choice, "write the key once")});
  }
  if (registries->next_document == 0 ||
      !says_more(view.facts().tree.read(file).value_or(""), registries->next_document))
    return;
  found.add(Severity::warning,
            {.cause = fmt::format("a second document begins in {}, on line {}", file, registries->next_document),
             .where = Location{file, registries->next_document, 0},
             .effect = fmt::format("{} reads only the first one", title(view)),
             .fix = fmt::format("remove the line `---`, and merge the two{}", then_restart(view))});
}

}  // namespace rf
