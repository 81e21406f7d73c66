// Command modulezip lays out this SDK's module as a module proxy serves it, so that it can be taken from
// there as its users take it:
//
//	go run . <folder of the module> <version> <folder of the proxy>
package main

import (
	"log"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: modulezip <folder of the module> <version> <folder of the proxy>")
	}
	if err := layOut(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func layOut(source, version, proxy string) error {
	mod, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return err
	}
	path := modfile.ModulePath(mod)
	folder := filepath.Join(proxy, path, "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	made, err := os.Create(filepath.Join(folder, version+".zip"))
	if err != nil {
		return err
	}
	defer made.Close()
	if err := zip.CreateFromDir(made, module.Version{Path: path, Version: version}, source); err != nil {
		return err
	}
	info := `{"Version":"` + version + `","Time":"` + time.Now().UTC().Format(time.RFC3339) + `"}`
	for name, text := range map[string]string{".mod": string(mod), ".info": info} {
		if err := os.WriteFile(filepath.Join(folder, version+name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, "list"), []byte(version+"\n"), 0o644)
}
