// Every option of an ssh configuration that can keep a host out, against the real ssh client: let in, asked about, or
// refused. Where we refuse more than ssh the option is named; packaging/doc/ssh.md has the same list.
#include <unistd.h>

#include "base/text.h"
#include "client.h"
#include "network_namespace.h"

using namespace rf;

namespace {

enum class Verdict { accepted, asked, refused };
std::string name_of(Verdict verdict) {
  static const char* const names[] = {"accepted", "asked", "refused"};
  return names[static_cast<int>(verdict)];
}

struct Case {
  std::string name;
  std::string options = {};  // lines of ssh_config, before all others
  std::string known = {};    // known_hosts
  std::string says = {};     // a part of our error
  // Where we do otherwise, on purpose.
  std::optional<Verdict> ours = {};
};

// Answers every question of ssh with "no", and keeps it.
std::string askpass(const Sshd& server) {
  const std::string file = server.directory() / "askpass";
  write_text(file, "#!/bin/sh\necho \"$1\" >>" + (server.directory() / "asked") + "\necho no\n", 0700);
  return file;
}

void prepare(const Sshd& server, const Case& c) {
  const auto plain = server.directory() / "plain";
  if (access(plain.c_str(), F_OK) != 0) sh("cp " + server.config() + " " + plain);
  write_text(server.config(), "Host *\n" + c.options + "\n" + read_text(plain));
  write_text(server.known_hosts(), c.known);
  write_text(server.directory() / "asked", "");
}

Verdict ssh_says(const Sshd& server, const Case& c) {
  prepare(server, c);
  const auto out = sh("SSH_ASKPASS=" + askpass(server) + " SSH_ASKPASS_REQUIRE=force setsid -w ssh -F " +
                      server.config() + " -o UpdateHostKeys=no node echo rf-fine </dev/null; true");
  UNSCOPED_INFO("ssh: " << out);
  if (out.find("rf-fine") != std::string::npos) return Verdict::accepted;
  return read_text(server.directory() / "asked").find("continue connecting") != std::string::npos ? Verdict::asked
                                                                                                  : Verdict::refused;
}

Verdict we_say(const Sshd& server, const Case& c) {
  prepare(server, c);
  SshOptions options = options_for(server.config());
  options.unknown_host_key = UnknownHostKey::ask;
  bool asked = false;
  options.confirm_host_key = [&asked](NewHostKey) -> asio::awaitable<Result<bool>> {
    asked = true;
    co_return false;
  };
  const auto text = ask(options);
  if (!text) UNSCOPED_INFO("we: " << to_string(text.error()));
  if (text) return Verdict::accepted;
  if (asked) return Verdict::asked;
  CHECK(to_string(text.error()).find(c.says) != std::string::npos);
  CHECK_FALSE(text.error().hint.empty());
  return Verdict::refused;
}

void compare(const Sshd& server, const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    INFO(c.name << "\n" << c.options);
    const auto theirs = ssh_says(server, c), ours = we_say(server, c);
    if (c.ours) {
      CHECK(name_of(ours) == name_of(*c.ours));
      CHECK(name_of(theirs) != name_of(ours));
    } else {
      CHECK(name_of(ours) == name_of(theirs));
    }
  }
}

// A server with every type of key, and lines of known_hosts for it.
struct Fixture {
  explicit Fixture(const std::string& listen = "127.0.0.1")
      : server({.host_keys = {"ed25519", "ecdsa", "rsa"}, .more = {}, .listen = listen}) {
    sh("ssh-keygen -q -N '' -C '' -t ed25519 -f " + (server.directory() / "strange"));
    const auto line = read_text(server.directory() / "strange.pub");
    stranger = line.substr(0, line.find('\n'));
  }
  std::string host() const { return "[127.0.0.1]:" + std::to_string(server.port()); }
  std::string key(const std::string& type = "ed25519") const { return server.host_key_line(type); }
  std::string right(const std::string& type = "ed25519") const { return host() + " " + key(type) + "\n"; }
  std::string wrong() const { return host() + " " + stranger + "\n"; }
  std::string file(const std::string& name, const std::string& text, unsigned mode = 0600) const {
    write_text(server.directory() / name, text, mode);
    return server.directory() / name;
  }
  Sshd server;
  std::string stranger;
};

void needs_ssh() {
  needs_sshd();
  if (!have("ssh")) SKIP("ssh is not installed");
}

}  // namespace

TEST_CASE("options on unknown and changed host keys have ssh's verdict") {
  needs_ssh();
  const Fixture f;
  std::vector<Case> cases;
  for (const std::string strict : {"yes", "ask", "accept-new", "no", "off"}) {
    const std::string option = "StrictHostKeyChecking " + strict;
    const bool wide = strict == "no" || strict == "off";
    cases.push_back({"known", option, f.right()});
    cases.push_back({"unknown", option, "", strict == "yes" ? "StrictHostKeyChecking" : ""});
    cases.push_back({.name = "changed",
                     .options = option,
                     .known = f.wrong(),
                     .says = wide ? "StrictHostKeyChecking" : "has CHANGED",
                     .ours = wide ? std::optional(Verdict::refused) : std::nullopt});
    cases.push_back({.name = "revoked",
                     .options = option,
                     .known = "@revoked * " + f.key() + "\n" + f.right(),
                     .says = "is revoked",
                     .ours = wide ? std::optional(Verdict::refused) : std::nullopt});
    cases.push_back({"only an authority is known", option, "@cert-authority * " + f.stranger + "\n", "authority"});
  }
  cases.push_back({"nobody may be asked", "BatchMode yes", "", "is not known"});
  cases.push_back({"nobody need be asked", "BatchMode yes", f.right()});
  compare(f.server, cases);
}

TEST_CASE("the files of RevokedHostKeys have ssh's verdict") {
  needs_ssh();
  const Fixture f;
  const auto text = [&](const std::string& name, const std::string& content) {
    return "RevokedHostKeys " + f.file(name, content);
  };
  const auto list = [&](const std::string& name, const std::string& what) {
    const auto spec = f.file(name + ".spec", what), krl = f.server.directory() / name;
    sh("ssh-keygen -q -k -f " + krl + " " + spec);
    return "RevokedHostKeys " + krl;
  };
  const auto fingerprint = key_fingerprint([&] {
    std::string blob;
    const auto words = f.key();
    base64_decode(words.substr(words.find(' ') + 1), blob);
    return blob;
  }());
  const std::string ours = "RevokedHostKeys";
  compare(f.server,
          {{"its key", text("r1", "# gone\n\n  " + f.key() + " comment\n"), f.right(), ours},
           {"its key, unknown", text("r1b", f.key() + "\n"), "", ours},
           {"another key", text("r2", f.stranger + "\n"), f.right()},
           {"nothing", text("r3", ""), f.right()},
           {"comments", text("r4", "# " + f.key() + "\n"), f.right()},
           {"no key", text("r5", "nonsense\n"), f.right(), ours},
           {"no key behind its key", text("r6", f.key() + "\nnonsense\n"), f.right(), ours},
           {"a key that is cut off", text("r7", f.key().substr(0, 40) + "\n"), f.right(), ours},
           {"no file", "RevokedHostKeys /nowhere/at/all", f.right(), ours},
           {"none", "RevokedHostKeys none", f.right()},
           {"a list with its key", list("k1", f.key() + "\n"), f.right(), ours},
           {"a list with its hash", list("k2", "hash: " + fingerprint + "\n"), f.right(), ours},
           {"a list with its sha1", list("k3", "sha1: " + f.key() + "\n"), f.right(), ours},
           {"a list with another key", list("k4", "key: " + f.stranger + "\nsha256: " + f.stranger + "\n"), f.right()},
           {"an empty list", list("k5", ""), f.right()}});
}

TEST_CASE("options on where keys are known, and under which name, have ssh's verdict") {
  needs_ssh();
  const Fixture f;
  const auto other = f.file("other", f.right());
  const auto revokes = f.file("revokes", "@revoked * " + f.key() + "\n");
  const auto command = f.file("command", "#!/bin/sh\ncat " + other + "\n", 0700);
  compare(f.server,
          {{"alias known", "HostKeyAlias ra", "ra " + f.key() + "\n"},
           {"alias unknown", "HostKeyAlias ra", f.right()},
           {"alias changed", "HostKeyAlias ra", f.right() + "ra " + f.stranger + "\n", "has CHANGED"},
           {"another file", "UserKnownHostsFile " + other, ""},
           {"two files", "UserKnownHostsFile " + f.server.known_hosts() + " " + other, f.wrong()},
           {"no file", "UserKnownHostsFile none", f.right()},
           {"no file, refused", "UserKnownHostsFile none\nStrictHostKeyChecking yes", f.right(), "is not known"},
           {"no file to write", "UserKnownHostsFile /dev/null\nStrictHostKeyChecking accept-new", ""},
           {"global", "GlobalKnownHostsFile " + other, ""},
           {"global revokes", "GlobalKnownHostsFile " + revokes, f.right(), "is revoked"},
           {.name = "a command knows it",
            .options = "KnownHostsCommand " + command,
            .known = "",
            .says = "KnownHostsCommand",
            .ours = Verdict::refused},
           {.name = "localhost",
            .options = "NoHostAuthenticationForLocalhost yes",
            .known = "",
            .says = {},
            .ours = Verdict::asked},
           {"DNS does not know it", "VerifyHostKeyDNS yes", ""},
           {"DNS does not know it, nobody is asked", "VerifyHostKeyDNS ask\nBatchMode yes", "", "is not known"},
           {"address not looked at", "CheckHostIP no", f.right()},
           {"address is the name", "CheckHostIP yes", f.right()}});
}

TEST_CASE("CheckHostIP has ssh's verdict, or refuses with its name") {
  needs_ssh();
  const NetworkNamespace elsewhere;  // ssh does not look at loopback addresses
  if (!elsewhere.entered()) SKIP("network namespaces need root");
  elsewhere.name("rf-node.test", "10.20.30.40");
  const Fixture f("0.0.0.0");
  const auto port = std::to_string(f.server.port());
  const std::string name = "[rf-node.test]:" + port + " ", address = "[10.20.30.40]:" + port + " ";
  const std::string host = "CheckHostIP yes\nHostName rf-node.test\n";
  compare(f.server, {{"address unknown", host + "StrictHostKeyChecking yes", name + f.key() + "\n"},
                     {"address known", host, name + f.key() + "\n" + address + f.key() + "\n"},
                     {"another at the address, strict", host + "StrictHostKeyChecking yes",
                      name + f.key() + "\n" + address + f.stranger + "\n", "CheckHostIP"},
                     {"another at the address, new", host + "StrictHostKeyChecking accept-new",
                      address + f.stranger + "\n", "CheckHostIP"},
                     {.name = "another at the address, asked",
                      .options = host,
                      .known = name + f.key() + "\n" + address + f.stranger + "\n",
                      .says = "CheckHostIP",
                      .ours = Verdict::refused},
                     {"not looked at", "HostName rf-node.test", name + f.key() + "\n" + address + f.stranger + "\n"}});
}

TEST_CASE("options on algorithms and sizes have ssh's verdict, or refuse with their name") {
  needs_ssh();
  const Fixture f;
  compare(
      f.server,
      {{"host key of a type that is known", "HostKeyAlgorithms ssh-ed25519", f.right()},
       {"of another type only", "HostKeyAlgorithms rsa-sha2-512", f.right(), "has CHANGED"},
       {"of a type that is not there", "HostKeyAlgorithms ecdsa-sha2-nistp521", f.right(), "host keys by"},
       {"not by default", "HostKeyAlgorithms -ssh-ed25519", f.right("rsa")},
       {"SHA-1", "HostKeyAlgorithms ssh-rsa", f.right("rsa"), "HostKeyAlgorithms"},
       {.name = "the one that is known is asked for first, whatever the order",
        .options = "HostKeyAlgorithms rsa-sha2-512,ssh-ed25519",
        .known = f.right(),
        .says = {},
        .ours = Verdict::accepted},
       {"short host key", "HostKeyAlgorithms rsa-sha2-512\nRequiredRSASize 3072", f.right("rsa"), "RequiredRSASize"},
       {"long enough", "HostKeyAlgorithms rsa-sha2-512\nRequiredRSASize 2048", f.right("rsa")},
       {"cipher", "Ciphers aes256-gcm@openssh.com,aes128-ctr", f.right()},
       {"gcm", "Ciphers aes256-gcm@openssh.com", f.right()},
       {.name = "a cipher that is not built in",
        .options = "Ciphers chacha20-poly1305@openssh.com",
        .known = f.right(),
        .says = "Ciphers",
        .ours = Verdict::refused},
       {"etm", "MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com\nCiphers aes256-ctr", f.right()},
       {.name = "a MAC that is not built in",
        .options = "MACs umac-128-etm@openssh.com\nCiphers aes256-ctr",
        .known = f.right(),
        .says = "MACs",
        .ours = Verdict::refused},
       {"key exchange", "KexAlgorithms diffie-hellman-group14-sha256", f.right()},
       {"group exchange", "KexAlgorithms diffie-hellman-group-exchange-sha256", f.right()},
       {.name = "a key exchange that is not built in",
        .options = "KexAlgorithms sntrup761x25519-sha512@openssh.com",
        .known = f.right(),
        .says = "KexAlgorithms",
        .ours = Verdict::refused},
       {"signatures of authorities", "CASignatureAlgorithms rsa-sha2-512", f.right()}});
}

TEST_CASE("options on log-ins and on the way have ssh's verdict") {
  needs_ssh();
  const Fixture f;
  const auto rsa = f.server.directory() / "rsa_user";
  sh("ssh-keygen -q -N '' -t rsa -b 2048 -f " + rsa + " && cat " + rsa + ".pub >>" +
     (f.server.directory() / "authorized_keys"));
  const auto only_rsa = "IdentityFile " + rsa + "\nIdentitiesOnly yes\nPubkeyAcceptedAlgorithms ";
  compare(f.server, {{"no keys", "PubkeyAuthentication no\nBatchMode yes", f.right(), "publickey"},
                     {"passwords first", "PreferredAuthentications password\nBatchMode yes", f.right(), "publickey"},
                     {"keys among others", "PreferredAuthentications gssapi-with-mic,publickey", f.right()},
                     {"no passwords", "PasswordAuthentication no\nKbdInteractiveAuthentication no", f.right()},
                     {"key of another type", "PubkeyAcceptedAlgorithms ecdsa-sha2-nistp256\nBatchMode yes", f.right(),
                      "PubkeyAcceptedAlgorithms"},
                     {"key of its type", "PubkeyAcceptedAlgorithms ssh-ed25519\nBatchMode yes", f.right()},
                     {"the other key", only_rsa + "rsa-sha2-256", f.right()},
                     {"short user key", only_rsa + "rsa-sha2-512\nRequiredRSASize 4096\nBatchMode yes", f.right(),
                      "RequiredRSASize"},
                     {"family", "AddressFamily inet", f.right()},
                     {"other family", "AddressFamily inet6", f.right(), "AddressFamily"},
                     {"from an address", "BindAddress 127.0.0.9", f.right()},
                     {"from an address of another machine", "BindAddress 192.0.2.1", f.right(), "BindAddress"},
                     {"from no device", "BindInterface rf-none0", f.right(), "BindInterface"},
                     {.name = "through a command",
                      .options = "ProxyCommand nc %h %p",
                      .known = "127.0.0.1 " + f.key() + "\n" + f.right(),
                      .says = "ProxyCommand",
                      .ours = have("nc") ? std::optional(Verdict::refused) : std::nullopt}});
}
