regfallback man completion; regfallback man nothing
