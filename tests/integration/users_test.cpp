// Becoming root from every login shell: users, their shells and sudoers exist only in a mount namespace of the test.
// Needs root.
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "transport/ways/openssh.h"

using namespace rf;

namespace {

struct LoginShell {
  std::string name, path, rc_file;
};
// busybox stands under the name of its shell, as on Alpine.
std::vector<LoginShell> login_shells(const Scratch& scratch) {
  std::vector<LoginShell> shells{{"bash", "/bin/bash", ".bashrc"}, {"dash", "/bin/dash", ".profile"}};
  if (have("busybox")) {
    sh("ln -s \"$(command -v busybox)\" " + (scratch / "ash"));
    shells.push_back({"ash", scratch / "ash", ".profile"});
  }
  for (const LoginShell& more :
       {LoginShell{"fish", "/usr/bin/fish", ".config/fish/config.fish"}, LoginShell{"zsh", "/usr/bin/zsh", ".zshenv"},
        LoginShell{"tcsh", "/usr/bin/tcsh", ".cshrc"}}) {
    if (access(more.path.c_str(), X_OK) == 0) shells.push_back(more);
  }
  return shells;
}

constexpr const char* password = "Pa55 w$rd'\"\\";

// An sshd inside a mount namespace where each login shell has a user "u<shell>", with a noisy rc file.
class Users {
 public:
  Users() : shells_(login_shells(server_.directory())) {
    const Scratch& dir = server_.directory();
    REQUIRE(chmod(dir.path().c_str(), 0755) == 0);
    write_text(dir / "password", password);
    const std::string hash(sh("openssl passwd -6 -stdin <" + (dir / "password")));
    std::string passwd = read_text("/etc/passwd"), shadow = read_text("/etc/shadow"), config;
    int id = 60001;
    for (const auto& shell : shells_) {
      const std::string user = "u" + shell.name, home = dir / user, number = std::to_string(id++);
      passwd += user + ":x:" + number + ":65534::" + home + ":" + shell.path + "\n";
      shadow += user + ":" + hash.substr(0, hash.find('\n')) + ":19000:0:99999:7:::\n";
      sh("mkdir -p " + home + "/.config/fish && echo 'echo noise from an rc file' >" + home + "/" + shell.rc_file +
         " && chown -R " + number + " " + home);
      std::string host = read_text(server_.config());
      host.replace(0, 9, "Host " + user);
      host.replace(host.find("  User "), 11, "  User " + user);
      config += host;
    }
    write_text(dir / "passwd", passwd, 0644);
    write_text(dir / "shadow", shadow);
    write_text(dir / "users_config", config);
    write_text(dir / "authorized_keys", read_text(dir / "user_key.pub"), 0644);
    server_.stop();
  }

  // Starts sshd with these lines of sudoers; "ALL" stands for every user.
  void start(const std::string& sudoers, const std::string& more = "") {
    running_.reset();
    const Scratch& dir = server_.directory();
    write_text(dir / "sudoers", sudoers, 0440);
    write_text(dir / "sshd_more", read_text(dir / "sshd_config") + more);
    running_ = std::make_unique<Background>(std::vector<std::string>{
        "unshare", "-m", "sh", "-c",
        "for f in passwd shadow sudoers; do mount --bind " + dir.path() +
            "/$f /etc/$f || exit 1; done; exec /usr/sbin/sshd -D -f " + (dir / "sshd_more") + " -E " + (dir / "log")});
    wait_for_port(server_.port());
  }

  Result<std::string> become_root(const std::string& shell, std::optional<std::string> with = std::nullopt) const {
    SshOptions options = options_for(server_.directory() / "users_config");
    options.access.privilege = Privilege::root;
    if (with) options.access.sudo = std::make_shared<SudoPassword>(Secret(*with));
    return ask(options, "echo \"$(id -u)\"; read x; echo \"read=$x\"", named("u" + shell));
  }
  const std::vector<LoginShell>& shells() const { return shells_; }
  const Sshd& server() const { return server_; }

 private:
  Sshd server_;
  std::vector<LoginShell> shells_;
  std::unique_ptr<Background> running_;
};

void needs_users() {
  needs_sshd();
  if (geteuid() != 0) SKIP("users in a mount namespace need root");
  if (!have("sudo")) SKIP("sudo is not installed");
  if (!have("openssl")) SKIP("openssl is not installed");
  if (std::system("unshare -m true 2>/dev/null") != 0) SKIP("no mount namespaces here");
}

void expect_root(const Result<std::string>& text, const std::string& shell) {
  INFO(shell << ": " << (text ? *text : to_string(text.error())));
  REQUIRE(text);
  CHECK(*text == "0\nread=\n");
}

}  // namespace

TEST_CASE("every login shell: root through sudo without a password, also when one was given") {
  needs_users();
  Users users;
  users.start("ALL ALL=(ALL) NOPASSWD: ALL\n");
  for (const auto& shell : users.shells()) {
    expect_root(users.become_root(shell.name), shell.name);
    expect_root(users.become_root(shell.name, password), shell.name);
  }
}

TEST_CASE("every login shell: root through sudo with a password, in one attempt") {
  needs_users();
  Users users;
  users.start("Defaults !lecture\nALL ALL=(ALL) ALL\n");
  for (const auto& shell : users.shells()) expect_root(users.become_root(shell.name, password), shell.name);
  const auto wrong = users.become_root("dash", "wrong");
  REQUIRE_FALSE(wrong);
  INFO(to_string(wrong.error()));
  CHECK(wrong.error().kind == ErrorKind::privilege);
  CHECK(wrong.error().message.find("did not accept the password") != std::string::npos);
  const auto none = users.become_root("dash");
  REQUIRE_FALSE(none);
  CHECK(none.error().hint.find("--ask-sudo-pass") != std::string::npos);
}

TEST_CASE("what keeps a user from root has its own error") {
  needs_users();
  Users users;
  users.start("root ALL=(ALL) ALL\n");
  const auto stranger = users.become_root("dash", password);
  REQUIRE_FALSE(stranger);
  INFO(to_string(stranger.error()));
  CHECK(stranger.error().message.find("may not become root") != std::string::npos);

  users.start("Defaults requiretty\nALL ALL=(ALL) NOPASSWD: ALL\n");
  const auto no_tty = users.become_root("dash");
  REQUIRE_FALSE(no_tty);
  CHECK(no_tty.error().message.find("requiretty") != std::string::npos);

  users.start("ALL ALL=(ALL) NOPASSWD: /bin/true\n");
  const auto one_command = users.become_root("dash");
  REQUIRE_FALSE(one_command);
  CHECK(one_command.error().kind == ErrorKind::privilege);

  const std::string bin = users.server().directory() / "bin";
  sh("mkdir " + bin + " && ln -s /bin/sh /usr/bin/id " + bin);
  users.start("ALL ALL=(ALL) NOPASSWD: ALL\n", "SetEnv PATH=" + bin + "\n");
  const auto without_sudo = users.become_root("dash");
  REQUIRE_FALSE(without_sudo);
  INFO(to_string(without_sudo.error()));
  CHECK(without_sudo.error().message.find("sudo is not installed") != std::string::npos);
}

TEST_CASE("a user whose shell is nologin is named as such") {
  needs_users();
  Users users;
  const std::string passwd = users.server().directory() / "passwd";
  sh("sed -i 's#^\\(udash:.*\\):[^:]*$#\\1:/usr/sbin/nologin#' " + passwd);
  users.start("ALL ALL=(ALL) NOPASSWD: ALL\n");
  const auto text = users.become_root("dash");
  REQUIRE_FALSE(text);
  INFO(to_string(text.error()));
  CHECK(text.error().message.find("did not run our shell") != std::string::npos);
  CHECK(text.error().message.find("not available") != std::string::npos);
}

TEST_CASE("a password logs in where no key does, asked for once") {
  needs_users();
  Users users;
  users.start("ALL ALL=(ALL) NOPASSWD: ALL\n");
  write_text(users.server().directory() / "authorized_keys", "", 0644);
  SshOptions options = options_for(users.server().directory() / "users_config");
  int asked = 0;
  options.ask_secret = [&asked](SecretQuestion) -> asio::awaitable<Result<Secret>> {
    ++asked;
    co_return Secret(password);
  };
  const auto text = ask(options, "echo fine", named("udash"));
  if (!text) FAIL(to_string(text.error()));
  CHECK(asked == 1);
}
