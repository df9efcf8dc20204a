// Every value a flag can set, as what it means. One struct for all commands; which flags a command takes is in its
// file, and a field means the same to all of them.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/version.h"
#include "containerd/chain/image_reference.h"
#include "diagnose/diagnose.h"
#include "fleet/batches.h"
#include "host/terminal.h"
#include "intent/intent.h"
#include "node/history.h"
#include "node/profile.h"
#include "plan/migrate/migrate.h"
#include "plan/plan.h"
#include "run/run.h"

namespace rf::cmd {

enum class Format { table, json, yaml };
enum class KindAction { none, registry, status };
enum class CompletionShell { none, bash, zsh, fish };

struct Options {
  // output
  Format format = Format::table;
  ColorWish color = ColorWish::automatic;
  bool quiet = false;
  bool verbose = false;

  // nodes and how to reach them
  std::vector<std::string> nodes;
  std::string ssh_config;
  Reach::Transport transport = Reach::Transport::built_in;
  std::string identity;
  bool accept_new_host_keys = false;
  bool ask_sudo_pass = false;
  int parallel = 0;  // 0: all
  std::chrono::milliseconds timeout{30'000};
  std::string facts;
  std::string profiles_dir;
  std::string distribution;

  // intent
  std::string config;
  RegistryFlags registry_flags;

  // before and after a change
  bool check = false;  // exit code 3 where something is not as it should be
  bool dry_run = false;
  bool yes = false;
  std::optional<Share> serial;
  int canary = 0;
  std::optional<Share> max_failures;
  RestartPolicy restart = RestartPolicy::automatic;
  std::optional<Style> style;  // nothing: each node's own
  bool no_verify = false;

  // rollback
  bool list_receipts = false;
  UndoTarget undo;
  std::string undone_run;
  bool overwrite_drift = false;

  // uninstall
  bool keep_files = false;

  // detect, render, migrate, man: what is written
  std::string save;
  std::string output_directory;

  // render
  std::string render_for;

  // init
  std::string init_file;
  bool replace_file = false;
  bool schema = false;
  bool from_node = false;
  bool found = false;

  // test, kind status
  std::optional<ImageReference> pulled_image;
  std::vector<std::string> registries;
  bool probe = false;  // doctor, apply

  // doctor, explain
  std::optional<std::string> error_text;  // of a failed pull; "-": standard input

  // doctor
  Severity severity = Severity::warning;
  std::vector<std::string> ignore;
  std::string explained_rule;
  bool list_rules = false;

  // migrate
  MigrateOptions::Form migrate_to = MigrateOptions::Form::hosts_dir;
  bool accept_differences = false;
  std::optional<MigrateOptions::Credentials> credentials;
  std::string hosts_dir;
  std::string registries_yaml;
  std::string registries_yaml_program;  // "k3s", "rke2", "": not said

  // kind
  KindAction kind_action = KindAction::none;
  std::string cluster;
  std::string registry_name = "kind-registry";
  std::string registry_image = "registry:2";
  int registry_port = 0;

  // explain, doctor, migrate: files in place of nodes
  std::vector<std::string> images;
  std::string images_file;
  std::vector<std::string> assume;
  std::string root;
  std::string config_path;
  std::optional<Version> containerd_version;
  std::optional<Version> distribution_version;
  std::optional<PullMode> pull_mode;  // local or transfer

  // completion, man
  CompletionShell completion_shell = CompletionShell::none;
  std::string man_command;
};

}  // namespace rf::cmd
