package static

// Light is what is served of one of our files.
var Light = light
