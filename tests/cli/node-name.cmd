NODE_NAME=babel regfallback detect --nodes local -o json | grep '"node"'
