target "app" {
  context = "."
  tags = ["registry.example.com/app:latest"]
  cache-from = ["type=registry,ref=registry.example.com/app:buildcache"]
  cache-to = ["type=registry,ref=registry.example.com/app:buildcache,mode=max"]
}
