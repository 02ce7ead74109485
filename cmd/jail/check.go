package main

func checkVerb(_ *app, _ []string) int { return 0 }
