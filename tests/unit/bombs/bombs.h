// Texts that are small to send and costly to read, and the bound that every reader keeps with each of them.
#pragma once
#include <catch2/catch_test_macros.hpp>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rf::test {

inline std::string repeated(std::string_view part, std::size_t bytes) {
  std::string text;
  while (text.size() + part.size() <= bytes) text += part;
  return text;
}

// "a0: &a0 [x, x]", then lists of the list before: the last one holds 2^40 values.
inline std::string alias_bomb(std::string_view open, std::string_view close, std::string_view before) {
  std::string text = "x0: &a0 " + std::string(open) + "k: v" + std::string(close) + "\n";
  for (int i = 1; i <= 40; ++i) {
    const auto last = "*a" + std::to_string(i - 1);
    text += "x" + std::to_string(i) + ": &a" + std::to_string(i) + " " + std::string(open) + std::string(before) + "[" +
            last + ", " + last + "]" + std::string(close) + "\n";
  }
  return text;
}

struct Bomb {
  std::string name;
  std::string text;
};

inline const std::vector<Bomb>& bombs() {
  constexpr std::size_t size = 256u << 10;
  static const std::vector<Bomb> all{
      {"lists within lists", repeated("[", size)},
      {"maps within maps", repeated("{", size)},
      {"a value within lists within lists", "x = " + repeated("[", size / 2) + repeated("]", size / 2)},
      {"indentation", repeated("- ", size)},
      {"keys within keys", repeated("a.", size) + "a = 1\n"},
      {"values on one line", "x = [" + repeated("1,", size) + "1]\n"},
      {"keys on one line, the last first",
       [] {
         std::string text = "x = {";
         for (int i = 30'000; i > 10'000; --i) text += "k" + std::to_string(i) + "=1,";
         return text + "k0=1}\n";
       }()},
      {"tables",
       [] {
         std::string text;
         for (int i = 0; i < 12'000; ++i) text += "[t.a" + std::to_string(i) + "]\nb = 1\n";
         return text;
       }()},
      {"a long table's key above many keys",
       [] {
         std::string text = "[\"" + std::string(100'000, 'k') + "\"]\n";
         for (int i = 0; i < 10'000; ++i) text += "a" + std::to_string(i) + " = 1\n";
         return text + "a1 = 1\n";
       }()},
      {"merges of merges", alias_bomb("{", "}", "<<: ") + "mirrors: {<<: [*a40, *a40]}\n"},
      {"aliases of aliases", alias_bomb("{", "}", "k: ")},
      {"anchors",
       [] {
         std::string text;
         for (int i = 0; i < 12'000; ++i) {
           const auto number = std::to_string(i);
           text += "k" + number + ": &n" + number + " 1\nl" + number + ": *n" + number + "\n";
         }
         return text;
       }()},
      {"lines", repeated("\n", size)},
      {"lines of one word", repeated("a\n", size)},
      {"comments", repeated("# a\n", size)},
      {"quotes", repeated("\"", size)},
      {"blocks of PEM that begin", repeated("-----BEGIN CERTIFICATE-----\n", size)},
      {"blocks of PEM that begin, and one end",
       repeated("-----BEGIN CERTIFICATE-----\n", size) + "-----END CERTIFICATE-----\n"},
      {"blocks of PEM of many types",
       [] {
         std::string text;
         for (int i = 0; i < 8'000; ++i) text += "-----BEGIN " + std::to_string(i) + "-----\nx\n";
         return text;
       }()},
      {"ranges", repeated("n[1-20000],", size)},
      {"a range", "node[01-99999999]"},
      {"ranges of ranges", "n" + repeated("[1-20000]", 80)},
      {"colons", repeated(":", size)},
      {"slashes and dots", repeated("/..", size)},
      {"stars", repeated("*a", size)},
      {"zero bytes", std::string(size, '\0')},
      {"bytes that are no text", std::string(size, '\xFF')},
      {"one long word", std::string(size, 'a')},
      {"more than is ever read", std::string(std::size_t{17} << 20, '\n')},
  };
  return all;
}

struct TextReader {
  std::string name;
  std::function<void(std::string_view)> read;
};

// Processor time, so that a busy machine does not fail it; far above what the slowest build needs, and far below what
// work that grows with the square of a text takes.
inline constexpr double most_seconds = 20;

inline void feed(const std::vector<TextReader>& readers) {
  for (const auto& reader : readers)
    for (const auto& bomb : bombs()) {
      INFO(reader.name << " with " << bomb.name);
      const auto begin = std::clock();
      reader.read(bomb.text);
      CHECK(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC < most_seconds);
    }
}

}  // namespace rf::test
