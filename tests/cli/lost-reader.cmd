# A reader that goes away early is no error.
regfallback man | head -n 1 >/dev/null
regfallback man >/dev/full
