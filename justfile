# The default verb: what a change must pass before it is proposed.
default: lint test

# Install the package and everything that its tests need into the active environment.
setup:
    pip install -c constraints.txt -e '.[test,dev,audit,postgres,rerank]'

# Run tests: all, or those that are named, as in: just test tests/sources
test *paths:
    pytest {{paths}}

# Check style, types and security.
lint:
    ruff check .
    ruff format --check .
    mypy
    bandit --quiet --configfile pyproject.toml --recursive src

# Rewrite files in the project's style, and draw the rooms again.
fix:
    ruff check --fix .
    ruff format .
    python -m tests.shape.drawing

# Start a server with the starter library, as in: just up --port 8080
up *options:
    broadsheet up {{options}}

# Build the source archive and the wheel, and check them.
build:
    rm -rf dist
    python -m build
    twine check --strict dist/*

# Run everything that a new machine runs.
ci:
    .ci/run
