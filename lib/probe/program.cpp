// What to ask: the node's program.
#include <fmt/format.h>

#include <algorithm>

#include "base/embedded.h"
#include "base/text.h"
#include "probe/plan.h"
#include "probe/probe.h"

namespace rf {
namespace {

constexpr std::size_t at_once = 8;

std::string word_of(std::string_view text) { return text.empty() ? "-" : base64_encode(text); }

// One way to ask, for curl: everything it has to know, on its standard input.
std::string curl_config(const Question& question, const ProbeOptions& options) {
  const auto& endpoint = question.endpoint;
  std::string text = fmt::format(
      "silent\nshow-error\ngloboff\nmax-redirs = 0\nlimit-rate = 65536\noutput = \"/dev/null\"\ndump-header = \"-\"\n"
      "connect-timeout = {0}\nmax-time = {0}\nuser-agent = \"regfallback\"\n"
      "write-out = \"\\nrf %{{http_code}} %{{time_starttransfer}} %{{remote_ip}}\\n\"\nurl = {1}\n",
      options.seconds, curl_quote(question.url));
  if (question.method == "HEAD") text += "head\n";
  if (endpoint.skip_verify) text += "insecure\n";
  if (!endpoint.ca.empty()) text += "cacert = " + curl_quote(endpoint.ca.front()) + "\n";
  if (!endpoint.client.empty()) {
    text += "cert = " + curl_quote(endpoint.client.front().first) + "\n";
    if (!endpoint.client.front().second.empty()) text += "key = " + curl_quote(endpoint.client.front().second) + "\n";
  }
  for (const auto& [name, value] : question.headers) text += "header = " + curl_quote(name + ": " + value) + "\n";
  return text;
}

std::string raw_request(const Question& question) {
  const auto slash = question.url.find('/', question.url.find("://") + 3);
  std::string text = question.method + " " + question.url.substr(slash) +
                     " HTTP/1.1\r\nHost: " + question.endpoint.host +
                     "\r\nUser-Agent: regfallback\r\nConnection: close\r\n";
  for (const auto& [name, value] : question.headers) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

// "host:port" apart; [::1]:5000 loses its brackets.
std::pair<std::string, int> host_and_port(const ChainEndpoint& endpoint) {
  const auto colon = endpoint.host.rfind(':');
  const bool has_port = colon != std::string::npos && endpoint.host.find(']', colon) == std::string::npos;
  int port = endpoint.scheme == "http" ? 80 : 443;
  if (has_port && colon + 1 < endpoint.host.size()) {
    port = 0;
    for (const char c : endpoint.host.substr(colon + 1))
      port = c >= '0' && c <= '9' && port < 10'000 ? port * 10 + (c - '0') : 0;
  }
  auto name = endpoint.host.substr(0, has_port ? colon : std::string::npos);
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  return {name, port};
}

std::string ask_line(std::size_t id, const Question& question, const ProbeOptions& options) {
  const auto [host, port] = host_and_port(question.endpoint);
  return fmt::format("rf_ask {} {} {} {} {} {} {} {} {} {} {} &\n", id, options.seconds,
                     question.endpoint.scheme == "http" ? "http" : "https", question.method,
                     question.endpoint.skip_verify ? 1 : 0, port, word_of(curl_config(question, options)),
                     word_of(question.url), word_of(raw_request(question)), word_of(host),
                     question.endpoint.ca.empty() ? "-" : word_of(question.endpoint.ca.front()));
}

}  // namespace

std::string curl_quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
      out += c;  // control characters have no place in a URL, a path or a header: a line break would begin a new option
    }
  }
  return out + "\"";
}

std::string probe_program(std::span<const Chain> chains, const ProbeOptions& options) {
  std::string program(embedded::template_file("node/probe.sh"));
  program += "\nrf_main() {\n  rf_client\n  (\n";
  program += fmt::format("rf_proxies {}\n", options.runtime_pid);
  std::size_t id = 0;
  for (const auto& question : questions(chains, options)) {
    program += ask_line(id, question, options);
    if (++id % at_once == 0) program += "wait\n";
  }
  program += "wait\n)\n";
  if (options.image) {
    program += fmt::format("rf_pull {} {} {} {}\n", options.pull_seconds, word_of(to_string(*options.image)),
                           word_of(options.runtime_socket),
                           options.runtime_unit.empty() ? "''" : word_of(options.runtime_unit));
  }
  return program + "}\nrf_main\n";
}

}  // namespace rf
