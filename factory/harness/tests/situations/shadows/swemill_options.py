raise SystemExit("the repository's file was loaded as the plugin")
