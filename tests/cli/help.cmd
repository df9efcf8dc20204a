regfallback --help
for command in detect plan apply test rollback status init completion man; do regfallback $command --help; echo; done
