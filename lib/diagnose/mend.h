// Fixes for the files of one node: in which file an edit has to go, and what makes it take effect. Internal to the
// room.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "diagnose/endpoints.h"
#include "diagnose/fix.h"
#include "diagnose/view.h"

namespace rf {

// The steps, and the restart after them.
Fix restart_fix(const View& view, std::vector<FixStep> steps);
// "WORDS; then systemctl restart containerd"
Fix words_then_restart(const View& view, ByHand reason, std::string_view words);

// Edits of config.toml or of a file that it imports. They go to the file that the distribution makes this one from; by
// hand where that one does not have the same lines.
Fix config_fix(const View& view, const std::string& file, std::vector<LineEdit> edits);
// The file to change for a setting of this one: itself, or the one it is made from. Nothing where a program makes it
// from none of the user's files; managed_fix() says what to do then.
std::optional<std::string> editable_source(const View& view, const std::string& file);
Fix managed_fix(const View& view, const std::string& file);
// Legacy registry settings become hosts.toml files.
Fix migrate_fix(const View& view);
// config_path with one directory, in the file that sets it, or else in the one that is to set it.
Fix config_path_fix(const View& view, std::string_view directory);
// The same edits for every hosts.toml; by hand for one that is rendered from registries.yaml.
Fix hosts_fix(const View& view, const std::string& file, std::vector<LineEdit> edits);
// "in FILE WORDS (no restart is needed)", or what to do where the file is rendered.
Fix hosts_fix_by_hand(const View& view, const std::string& file, ByHand reason, std::string_view words);
Fix registries_fix(const View& view, std::vector<LineEdit> edits);

// Edits that give an endpoint another URL, wherever it is written, its further headers included; none where it is not
// written as one URL.
std::vector<LineEdit> url_edits(const View& view, const Chain& chain, const ChainEndpoint& endpoint,
                                const std::string& url);
// Carries them out, with `more` for the same file.
Fix url_fix(const View& view, const Chain& chain, const ChainEndpoint& endpoint, const std::string& url,
            std::vector<LineEdit> more = {});
// How the endpoint's URL is written: "m1:5000" for https://m1:5000/v2; "" where that is not known.
std::string written_url(const View& view, const Chain& chain, const ChainEndpoint& endpoint);

// `key` on the line, in its first spelling there, becomes `name`.
std::string quoted_on(std::string_view line, std::string_view text);
std::string_view line_of_text(std::string_view text, int line);  // "" beyond its end

}  // namespace rf
