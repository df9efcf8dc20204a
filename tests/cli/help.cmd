regfallback --help
for command in detect plan apply test rollback uninstall status migrate explain render init completion man; do regfallback $command --help; echo; done
