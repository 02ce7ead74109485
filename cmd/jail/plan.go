package main

func planVerb(_ *app, _ []string) int { return 0 }
