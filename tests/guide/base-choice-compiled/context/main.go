package main

import (
	"log"
	"net/http"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

func main() {
	title := cases.Title(language.English)
	http.HandleFunc("/", func(writer http.ResponseWriter, request *http.Request) {
		writer.Write([]byte("Hello, " + title.String(request.URL.Query().Get("name")) + "\n"))
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
