# Two nodes of one run; on one of them it was undone.
cd home
regfallback rollback --list --facts ../fleet
regfallback status --facts ../fleet
regfallback status --facts ../fleet -o json
regfallback rollback --list --facts ../fleet/babel.facts -o yaml | grep -v sha256
