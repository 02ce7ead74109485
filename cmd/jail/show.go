package main

func showVerb(_ *app, _ []string) int { return 0 }
