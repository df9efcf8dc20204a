regfallback completion csh
