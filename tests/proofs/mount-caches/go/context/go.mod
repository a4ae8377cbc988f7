module example.com/app

go 1.20

require rsc.io/quote v1.5.2
