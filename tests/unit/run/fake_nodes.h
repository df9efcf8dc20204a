// Nodes without machines: each keeps the state a test gives it, and answers the programs it is sent.
#pragma once
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "../node/node_builder.h"
#include "run/dialer.h"

namespace rf::test {

struct FakeNode {
  Facts facts = Node().containerd("1.7.24").facts;
  int connections = 1;  // that can be made; after them nobody answers
  std::string answer =
      "end applied\n";  // to a transaction or rollback; without an "end" line the connection is lost there
  std::string followed = "end none\n";  // to who asks for a transaction after a lost connection
  std::string preview = "undo 1\nshown abc\ncontent\n.\nend shown\n";
  std::string removal = "end applied\n";
  std::function<void()> on_change = {};   // while a transaction runs
  std::function<void()> on_removal = {};  // of what regfallback keeps there
  std::vector<std::string> asked = {};    // "facts", "apply", "preview", "rollback", "remove", "follow"
  std::string program = {};               // the last one
};

struct FakeNodes {
  std::map<std::string, FakeNode> all;
  std::vector<std::string> log = {};  // "begins a", "ends a": of changes
};

class FakeStream : public ByteStream {
 public:
  FakeStream(FakeNodes& nodes, std::string name) : nodes_(nodes), name_(std::move(name)) {}

  asio::awaitable<Result<void>> write(std::string_view bytes) override {
    program_ += bytes;
    if (bytes.find("RF1 END") == bytes.npos) co_return Result<void>();
    const auto nonce = program_.substr(std::string_view("rf_program_").size(), 32);
    auto& node = nodes_.all.at(name_);
    node.program = std::exchange(program_, {});
    const auto text = answer(node);
    output_ = "\nRF1 BEGIN " + nonce + "\n" + text;
    const bool lost = changes_ && text.find("end ") == text.npos;
    if (!lost) output_ += serialize_facts(node.facts, FactSecrets::keep) + "\nRF1 END " + nonce + " rc=0\n";
    co_return Result<void>();
  }
  asio::awaitable<Result<std::string>> read() override {
    if (closed_) co_return Error{ErrorKind::connect, "closed"};
    asio::steady_timer pause(co_await asio::this_coro::executor, std::chrono::milliseconds(3));
    co_await pause.async_wait(asio::use_awaitable);
    if (changes_ && !output_.empty()) nodes_.log.push_back("ends " + name_);
    co_return std::exchange(output_, {});
  }
  void close() override { closed_ = true; }

 private:
  // What a program prints before its facts.
  std::string answer(FakeNode& node) {
    const auto holds = [&](std::string_view part) { return node.program.find(part) != std::string::npos; };
    const std::string what = holds("RF_MANIFEST='") ? "apply"
                             : holds("RF_SHOWN='")  ? "rollback"
                             : holds("RF_UNDO='")   ? "preview"
                             : holds("RF_NEWEST='") ? "remove"
                             : holds("RF_ID='")     ? "follow"
                                                    : "facts";
    node.asked.push_back(what);
    changes_ = what == "apply" || what == "rollback" || what == "remove";
    if (what == "facts") return "";
    if (what == "follow") return node.followed;
    if (what == "preview") return node.preview;
    if (what == "remove") {
      if (node.on_removal) node.on_removal();
      return node.removal;
    }
    nodes_.log.push_back("begins " + name_);
    if (node.on_change) node.on_change();
    return node.answer;
  }

  FakeNodes& nodes_;
  const std::string name_;
  std::string program_, output_;
  bool changes_ = false, closed_ = false;
};

class FakeDialer : public Dialer {
 public:
  explicit FakeDialer(FakeNodes& nodes) : nodes_(nodes) {}
  asio::awaitable<Result<std::unique_ptr<Shell>>> open(const NodeSpec& spec) override {
    auto& node = nodes_.all.at(spec.text);
    if (node.connections-- <= 0) co_return Error{ErrorKind::connect, "no route to host"};
    co_return std::make_unique<Shell>(std::make_unique<FakeStream>(nodes_, spec.text));
  }

 private:
  FakeNodes& nodes_;
};

// A run over them, read already.
inline Run run_over(FakeNodes& nodes, std::unique_ptr<RunObserver> observer = std::make_unique<RunObserver>()) {
  std::vector<NodeSpec> specs;
  for (const auto& [name, node] : nodes.all) {
    NodeSpec spec;
    spec.text = spec.name = name;
    specs.push_back(std::move(spec));
  }
  const DialerFactory factory{[&nodes](const asio::any_io_executor&) { return std::make_unique<FakeDialer>(nodes); }};
  Run run(std::move(specs), {.profiles = built_in_profiles()}, std::move(observer), factory);
  const auto read = run.read(Run::Purpose::look);
  if (!read) FAIL(to_string(read.error()));
  return run;
}

}  // namespace rf::test
