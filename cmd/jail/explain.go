package main

func explainVerb(_ *app, _ []string) int { return 0 }
