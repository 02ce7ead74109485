package main

func completionVerb(_ *app, _ []string) int { return 0 }
