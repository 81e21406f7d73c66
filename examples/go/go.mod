module github.com/bookora/webhooks/examples/go

go 1.26.0

require github.com/bookora/webhooks/sdk/go v0.1.0

// Only within the SDK's own checkout: leave it out of your copy.
replace github.com/bookora/webhooks/sdk/go => ../../sdk/go
