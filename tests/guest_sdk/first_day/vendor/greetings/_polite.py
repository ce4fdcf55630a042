def greet():
    return "late hello"
