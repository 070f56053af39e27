def pytest_addoption(parser):
    parser.addoption("--write-table", help="Markdown file to write with all answers")
