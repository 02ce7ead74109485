package main

func listVerb(_ *app, _ []string) int { return 0 }
