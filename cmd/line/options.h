// Every value a flag can set. One struct for all commands; which flags a command takes stands in its file.
#pragma once
#include <string>
#include <vector>

namespace rf::cmd {

struct Options {
  // output
  std::string format = "table";
  std::string color = "auto";
  bool quiet = false;
  bool verbose = false;

  // nodes and how to reach them
  std::vector<std::string> nodes;
  std::string ssh_config;
  std::string transport = "auto";
  std::string identity;
  bool accept_new_host_keys = false;
  bool ask_sudo_pass = false;
  int parallel = 0;
  std::string timeout = "30s";
  std::string facts;
  std::string profiles_dir;
  std::string distribution;

  // intent
  std::string config;
  std::vector<std::string> mirrors;

  // apply, plan, rollback, migrate
  bool check = false;
  bool dry_run = false;
  bool yes = false;
  std::string serial;
  int canary = 0;
  std::string max_failures;
  std::string restart = "auto";
  std::string style;
  bool no_verify = false;
  bool list = false;
  std::string to;

  // detect, render, init, test, explain, completion, man
  std::string save;
  std::string output_directory;
  std::string form;
  std::string containerd;
  bool schema = false;
  bool found = false;
  bool force = false;
  std::string image;
  std::vector<std::string> registries;
  std::vector<std::string> assume;
  std::string argument;

  // doctor; probe: apply too
  std::string severity = "note";
  std::vector<std::string> ignore;
  std::string explain;
  bool probe = false;

  // migrate
  bool accept_differences = false;
  std::string credentials = "config";
  std::string hosts_dir;
  std::string registries_yaml;

  // kind
  std::string cluster;
  std::string registry_name = "kind-registry";
  std::string registry_image = "registry:2";
  int registry_port = 0;

  // explain
  std::vector<std::string> images;
  std::string images_file;
  std::string root;
  std::string config_path;
  std::string containerd_version;
  std::string pull_mode;
  std::string distribution_version;
};

}  // namespace rf::cmd
