// Our verdict on a host key against the real ssh client's, over known_hosts files × host keys × ports × policies.
#include "client.h"

using namespace rf;

namespace {

enum class Said { accepted, unknown, changed, revoked, other };
std::string name_of(Said said) {
  static const char* const names[] = {"accepted", "unknown", "changed", "revoked", "other"};
  return names[static_cast<int>(said)];
}
bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

Said openssh_says(const std::string& config, const std::string& policy) {
  const std::string out = sh(
      "ssh -F " + config +
      " -o BatchMode=yes -o KexAlgorithms=curve25519-sha256 -o UpdateHostKeys=no -o StrictHostKeyChecking=" + policy +
      " node echo rf-fine </dev/null; true");
  if (contains(out, "rf-fine")) return Said::accepted;
  if (contains(out, "REVOKED HOST KEY")) return Said::revoked;
  if (contains(out, "REMOTE HOST IDENTIFICATION HAS CHANGED")) return Said::changed;
  if (contains(out, "host key is known for") || contains(out, "Host key verification failed")) return Said::unknown;
  UNSCOPED_INFO(out);
  return Said::other;
}

Said we_say(const std::string& config, const std::string& policy) {
  SshOptions options = options_for(config);
  if (policy == "accept-new") options.unknown_host_key = UnknownHostKey::accept;
  const auto text = ask(options);
  if (text) return Said::accepted;
  const auto& message = text.error().message;
  if (contains(message, "is revoked")) return Said::revoked;
  if (contains(message, "has CHANGED")) return Said::changed;
  if (contains(message, "is not known")) return Said::unknown;
  UNSCOPED_INFO(to_string(text.error()));
  return Said::other;
}

struct Fixture {
  std::string name, text;
};

// Every form of entry, for a server on [127.0.0.1]:port whose keys are `own`; `other` are keys of nobody.
std::vector<Fixture> fixtures(const Sshd& server, const std::vector<std::string>& own,
                              const std::vector<std::string>& other) {
  const std::string host = "[127.0.0.1]:" + std::to_string(server.port());
  const std::string hashed = server.directory() / "hashed";
  const auto hash = [&](const std::string& text) {
    write_text(hashed, text);
    sh("ssh-keygen -q -H -f " + hashed + " 2>/dev/null; rm -f " + hashed + ".old");
    return read_text(hashed);
  };
  std::vector<Fixture> all{{"empty", ""}, {"comments only", "# a\n\n   # b\n"}};
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::string right = own[i], wrong = other[i], type = right.substr(0, right.find(' '));
    const auto add = [&](const std::string& name, const std::string& text) {
      all.push_back({name + " (" + type + ")", text});
    };
    add("right", host + " " + right + "\n");
    add("right without newline", host + " " + right);
    add("right with comment", host + " " + right + " ops@laptop\n");
    add("tabs and spaces", "  \t" + host + "\t " + right + "\n");
    add("carriage returns", host + " " + right + "\r\n");
    add("wrong", host + " " + wrong + "\n");
    add("wrong then right", host + " " + wrong + "\n" + host + " " + right + "\n");
    add("plain name right", "127.0.0.1 " + right + "\n");
    add("plain name wrong", "127.0.0.1 " + wrong + "\n");
    add("bracket wrong, plain right", host + " " + wrong + "\n127.0.0.1 " + right + "\n");
    add("list", "elsewhere,*.example," + host + " " + right + "\n");
    add("star", "* " + right + "\n");
    add("star, wrong", "* " + wrong + "\n");
    add("pattern with port", "[127.0.0.?]:* " + right + "\n");
    add("negated", "*,!" + host + " " + right + "\n");
    add("negated first", "!" + host + ",* " + right + "\n");
    add("only negated", "!elsewhere " + right + "\n");
    add("hashed right", hash(host + " " + right + "\n"));
    add("hashed wrong", hash(host + " " + wrong + "\n"));
    add("hashed for another port", hash("[127.0.0.1]:1 " + right + "\n"));
    add("hashed with a broken salt", "|1|AAAA|AAAA " + right + "\n");
    add("revoked", "@revoked " + host + " " + right + "\n");
    add("revoked for all, and known", host + " " + right + "\n@revoked * " + right + "\n");
    add("revoked before known", "@revoked * " + right + "\n" + host + " " + right + "\n");
    add("another key revoked", "@revoked * " + wrong + "\n" + host + " " + right + "\n");
    add("revoked elsewhere", "@revoked elsewhere " + right + "\n" + host + " " + right + "\n");
    add("revoked under the plain name", "@revoked 127.0.0.1 " + right + "\n" + host + " " + right + "\n");
    add("authority only", "@cert-authority * " + right + "\n");
    add("authority and known", "@cert-authority * " + wrong + "\n" + host + " " + right + "\n");
    add("unknown marker", "@strange " + host + " " + wrong + "\n" + host + " " + right + "\n");
    add("bad lines around", "nonsense\n" + host + "\n" + host + " ssh-ed25519\n" + host + " " + type + " AAAA\n" +
                                host + " " + right + "\n");
    add("type does not fit the key", host + " ssh-unheard-of " + right.substr(right.find(' ') + 1) + "\n");
    add("very long line first", std::string(9000, 'x') + "," + host + " " + wrong + "\n" + host + " " + right + "\n");
    add("bits, exponent and modulus of old", host + " 1024 35 1234567890\n" + host + " " + right + "\n");
    add("key in a comment", "# " + host + " " + wrong + "\n" + host + " " + right + "\n");
  }
  return all;
}

}  // namespace

TEST_CASE("the verdict on a host key is the ssh client's, for every form of known_hosts") {
  needs_sshd();
  if (!have("ssh")) SKIP("ssh is not installed");
  Sshd::Options options;
  options.host_keys = {"ed25519", "ecdsa", "rsa"};
  const Sshd all_keys(options);
  options.host_keys = {"rsa"};
  const Sshd only_rsa(options);
  int compared = 0, sampled = 0;
  for (const Sshd* server : {&all_keys, &only_rsa}) {
    std::vector<std::string> own, other;
    for (const std::string type : {"ed25519", "rsa"}) {
      const Sshd* holder = server == &only_rsa && type == "ed25519" ? &all_keys : server;
      own.push_back(holder->host_key_line(type));
      const std::string file = server->directory() / ("other_" + type);
      sh("ssh-keygen -q -N '' -C '' -t " + type + " -f " + file);
      const std::string line = read_text(file + ".pub");
      other.push_back(line.substr(0, line.find('\n')));
    }
    for (const Fixture& fixture : fixtures(*server, own, other)) {
      for (const std::string policy : {"yes", "accept-new"}) {
        // A sample of the second policy is enough: it differs only for hosts without any key.
        if (policy == "accept-new" && ++sampled % 5 != 1) continue;
        write_text(server->known_hosts(), fixture.text);
        const Said theirs = openssh_says(server->config(), policy);
        write_text(server->known_hosts(), fixture.text);
        const Said ours = we_say(server->config(), policy);
        INFO(fixture.name << ", " << policy
                          << (server == &only_rsa ? ", server with rsa only" : ", server with all keys"));
        CHECK(name_of(ours) == name_of(theirs));
        CHECK(theirs != Said::other);
        ++compared;
      }
    }
  }
  CHECK(compared > 100);
}
