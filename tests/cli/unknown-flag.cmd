regfallback completion --hepl
