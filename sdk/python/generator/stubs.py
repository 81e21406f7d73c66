"""A plugin of buf: the gRPC stubs that grpcio-tools makes, which is a protoc and no plugin."""

import sys
import tempfile
from pathlib import Path

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc  # type: ignore[import-untyped]


def generate(request: CodeGeneratorRequest) -> CodeGeneratorResponse:
    """One file of stubs for each file, as grpcio-tools makes them."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "files")
        files.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
        arguments = [f"--descriptor_set_in={files}", f"--grpc_python_out={folder}"]
        if protoc.main(["protoc", *arguments, *request.file_to_generate]) != 0:
            return CodeGeneratorResponse(error="grpcio-tools failed")
        response = CodeGeneratorResponse(
            supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
        )
        for made in sorted(Path(folder).rglob("*.py")):
            response.file.add(name=str(made.relative_to(folder)), content=made.read_text())
    return response


if __name__ == "__main__":
    sent = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    sys.stdout.buffer.write(generate(sent).SerializeToString())
