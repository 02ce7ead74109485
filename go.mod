module github.com/jail-project/jail

go 1.26
