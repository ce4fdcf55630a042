"""What guests that are written as text need to write to standard output or standard error."""

STREAMS = """
    (import "wasi:io/error@0.2.9" (instance $io-error (export "error" (type (sub resource)))))
    (alias export $io-error "error" (type $io-error))
    (import "wasi:io/streams@0.2.9" (instance $streams
        (export "output-stream" (type $out (sub resource)))
        (export "error" (type $error (eq $io-error)))
        (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
        (export "stream-error" (type $stream-error (eq $failure)))
        (export "[method]output-stream.blocking-write-and-flush"
            (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
    (alias export $streams "output-stream" (type $out))
    (import "wasi:cli/std{stream}@0.2.9" (instance $std
        (export "output-stream" (type $same (eq $out))) (export "get-std{stream}" (func (result (own $same))))))
    (core module $memory (memory (export "m") 1) (data (i32.const 100) "{text}"))
    (core instance $memory (instantiate $memory))
    (core func $get (canon lower (func $std "get-std{stream}")))
    (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
        (memory (core memory $memory "m"))))"""
STREAM_CORE = """(import "h" "get" (func $get (result i32))) (import "h" "write" (func $write (param i32 i32 i32 i32)))
    (import "memory" "m" (memory 1))"""
STREAM_GIVEN = """(with "memory" (instance $memory))
    (with "h" (instance (export "get" (func $get)) (export "write" (func $write))))"""
