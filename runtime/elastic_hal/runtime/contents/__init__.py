"""What a component says that it will hold, read from its binary before anybody compiles it."""
