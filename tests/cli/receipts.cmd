# A node with receipts: one file as we left it, one changed by somebody else, one gone.
regfallback status --facts managed.facts
regfallback status --facts managed.facts -o json
regfallback rollback --list --facts managed.facts
regfallback rollback --list --facts managed.facts -o json
regfallback status --check -q --facts managed.facts >out; echo "exit $?"
