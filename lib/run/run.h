// A run over many nodes: opened all at once, read, planned, changed, verified. What the commands of the tool and a
// program without a user have in common: it takes typed inputs, knows neither flags nor a terminal, tells an observer
// how it goes, and asks through callbacks. Each call returns when all nodes have ended their part of it.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apply/outcome.h"
#include "apply/programs.h"
#include "base/result.h"
#include "base/secret.h"
#include "fleet/batches.h"
#include "fleet/event.h"
#include "probe/probe.h"
#include "run/node.h"
#include "transport/known_hosts/known_hosts.h"
#include "transport/shell/output.h"
#include "transport/shell/secret_question.h"

namespace rf {

// Told in the thread of the run. What it does not care for may stay as it is.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void begins(const std::vector<std::string>& /*names*/) {}  // a part of the run over these nodes, by index
  virtual void happened(const FleetEvent& /*event*/) {}
  virtual void ended() {}                              // the part of the run
  virtual void accepted(const NewHostKey& /*key*/) {}  // and added to known_hosts
  virtual void warned(const std::string& /*text*/) {}
  virtual void noted(const std::string& /*text*/) {}  // what a person is to do or to know
  // A question is open, or more: nothing else may be shown where it is asked. Then none is any more.
  virtual void asking() {}
  virtual void answered() {}
  // The user wants to end: nodes under way are finished, no further one begins.
  virtual void ending() {}
};

// How nodes are reached, and what may be asked on the way.
struct Reach {
  enum class Transport { built_in, openssh } transport = Transport::built_in;
  std::string ssh_config = {};                // a file in place of the user's own
  std::string identity = {};                  // a private key to try first, where the node names none of its own
  std::chrono::milliseconds timeout{30'000};  // for the whole way to a node, and for each answer of it
  enum class NewHosts { refuse, ask, accept } new_hosts = NewHosts::refuse;
  // Both are called one at a time in a thread of their own, while the run goes on; they may wait as long as it takes.
  // An Error of kind interrupted ends all questions.
  std::function<Result<bool>(const NewHostKey&)> accept_host_key = {};   // for NewHosts::ask
  std::function<Result<Secret>(const SecretQuestion&)> ask_secret = {};  // empty: nobody is asked
  enum class Sudo { without_password, may_ask } sudo = Sudo::without_password;
  // Of the system's ssh, which runs a program for each question: this program, where it answers for ssh
  // (host/askpass.h). Empty: ssh asks nobody. `confirm` is called as the others are.
  std::string askpass_program = {};
  std::function<Result<bool>(const ConfirmQuestion&)> confirm = {};
};

struct RunSettings {
  Reach reach = {};
  std::vector<Profile> profiles = {};
  DetectOptions detect = {};
  int parallel = FleetPolicy{}.parallel;
};

using Planner = std::function<Result<Plan>(const Facts&, const Detection&)>;

// How nodes are changed.
struct Rollout {
  RunOrigin origin = {};
  FleetPolicy policy = {};
  // Plans again from the facts read at the end: an empty plan is the proof. Empty: the transaction's own checks are all
  // there is. With RestartPolicy::never a restart may stay to be done.
  Planner plan_again = {};
  RestartPolicy restart = RestartPolicy::automatic;
};
struct RollbackTarget {
  UndoTarget undo = {};
  Drift drift = Drift::keep;
};
struct Removal {
  enum class Files { put_back, keep } files = Files::put_back;  // of the runtime's configuration
  Drift drift = Drift::keep;
};

using Probes = std::vector<std::optional<NodeProbe>>;  // by node; nothing where the node could not be asked
using ChainsOf = std::function<std::vector<Chain>(const RunNode&)>;

struct DialerFactory;  // run/dialer.h, for tests

class Run {
 public:
  Run(std::vector<NodeSpec> nodes, RunSettings settings, std::unique_ptr<RunObserver> observer);
  Run(std::vector<NodeSpec> nodes, RunSettings settings, std::unique_ptr<RunObserver> observer,
      const DialerFactory& dialer);
  // Nodes that are not connected: what was read of them earlier.
  Run(std::vector<RunNode> nodes, RunSettings settings, std::unique_ptr<RunObserver> observer);
  ~Run();
  Run(Run&&) noexcept;
  Run& operator=(Run&&) noexcept;

  // Opens every node and reads its facts; then detects. An Error is about all of them. Where nodes are to be changed,
  // what an earlier transaction left there comes to its end first. A node can go back to what it was before also where
  // nothing is known of its runtime.
  enum class Purpose { look, change };
  enum class Detecting { needed, tried };
  Result<void> read(Purpose purpose, Detecting detecting = Detecting::needed);
  // Plans every node that has been detected.
  void plan(const Planner& planner);
  // Plans what undoes transactions, asked of each node. A node where there is nothing to undo has an empty plan.
  void plan_undo(const RollbackTarget& target);
  // Plans what takes regfallback off each node: the first state put back, unless files are kept, and then its traces.
  void plan_removal(const Removal& removal);

  // Every endpoint of a node's chains, asked from the node; with an image, for that image, which is pulled too. A node
  // without chains is not asked.
  Probes probe(const std::optional<ImageReference>& image, const ChainsOf& chains_of);
  // A program on one node.
  Result<Output> ask(std::size_t node, std::string_view program, std::chrono::milliseconds limit);

  // Carries the plans out; those that are empty are `unchanged`, or `refused` while an earlier transaction has not
  // ended. A result for each node, in order.
  std::vector<NodeResult> apply(const Rollout& rollout);
  // Carries out what plan_undo() and plan_removal() planned, in the same way.
  std::vector<NodeResult> roll_back(const Rollout& rollout);
  std::vector<NodeResult> uninstall(const Rollout& rollout);

  // Calls `question`, which waits for a person, in a thread of its own; connections are kept alive meanwhile.
  void while_open(const std::function<void()>& question);

  std::vector<RunNode>& nodes();
  const std::vector<RunNode>& nodes() const;
  // A Ctrl-C, or SIGTERM, begins no further node; those under way are cut off, but for a change, which ends (a second
  // signal cuts it off, and the node ends it without us).
  RunEnd end() const;

  struct State;  // the room's own

 private:
  std::unique_ptr<State> state_;
};

// 8 hexadecimal digits, from the system's random numbers: short, for people type it.
Result<std::string> new_run_id();
// "2026-11-25T12:00:00Z", as receipts take it.
std::string utc_now();
// One line of plain letters for a receipt: "apply of /etc/regfallback/config.yaml".
std::string receipt_reason(std::string_view action, std::string_view source);

}  // namespace rf
