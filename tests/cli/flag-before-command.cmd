regfallback -o json completion
