package main

func doctorVerb(_ *app, _ []string) int { return 0 }
