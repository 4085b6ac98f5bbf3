# `sam build` runs this in a copy of this folder, through the Makefile of the architecture it builds for (ContextPath in template.yaml).
# MACHINE is the processor as wheels spell it; ARTIFACTS_DIR becomes /opt in Lambda.

PYTHON ?= python3.13
TARGET := $(ARTIFACTS_DIR)/python

# Lambda's python3.13 is Amazon Linux 2023 with glibc 2.34. pip takes these tags to the letter: a newer glibc does not imply an older one.
PLATFORMS := manylinux2014_$(MACHINE) $(foreach minor,$(shell seq 17 34),manylinux_2_$(minor)_$(MACHINE))

.PHONY: build-DependenciesLayer
build-DependenciesLayer:
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes \
		--only-binary=:all: --implementation cp --python-version 3.13 $(addprefix --platform ,$(PLATFORMS)) \
		--target "$(TARGET)" --requirement requirements.txt
	@$(PYTHON) trim.py "$(TARGET)"
	@# Hash-based and unchecked: the zip resets the files' times, and a read-only folder cannot be compiled again.
	@# Paths as Lambda sees them.
	@$(PYTHON) -m compileall -q -b -j 0 --invalidation-mode unchecked-hash -s "$(ARTIFACTS_DIR)" -p /opt "$(TARGET)"
	@# The sources would be a third of the layer. Tracebacks keep file, line and function.
	@find "$(TARGET)" -name '*.py' -delete
