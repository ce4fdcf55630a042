"""The conformance suite: cases typed by the WIT, guests generated from them, a runner that knows runtimes through
adapters, and reports.

The order of things: `load_guests` (case files → cases), `build_suite` (cases → components), `load_adapter` and
`run_suite` (components → verdicts), `write_reports`, `matrix` and `write_expectations` (verdicts → files). `mutants`
and `run_mutants` prove that the suite can fail.
"""

from elastic_hal.conformance.adapter import Adapter, AdapterError, RuntimeUnavailable, adapter_names, load_adapter
from elastic_hal.conformance.build import BuildError, build_suite
from elastic_hal.conformance.document import CaseFileError, CaseProblem
from elastic_hal.conformance.expectations import Expectations, ExpectationsError, load_expectations, write_expectations
from elastic_hal.conformance.expression import ExpressionError, UnknownCaseError, any_of, exact_ids
from elastic_hal.conformance.matrix import MatrixRow, matrix
from elastic_hal.conformance.mutants import mutant_names, wrap
from elastic_hal.conformance.mutation import MutantResult, UnhealthyBaselineError, mutants_selection, run_mutants
from elastic_hal.conformance.reports import RESULTS, ResultsFile, write_reports
from elastic_hal.conformance.results import LEVELS, CaseResult, Skip, SuiteResult, Verdict
from elastic_hal.conformance.runner import BuiltGuest, BuiltSuite, adapter_options, run_suite, select
from elastic_hal.conformance.suite import case_to_json, list_cases, load_guests, select_guests, shipped_cases

__all__ = [
    "LEVELS",
    "RESULTS",
    "Adapter",
    "AdapterError",
    "BuildError",
    "BuiltGuest",
    "BuiltSuite",
    "CaseFileError",
    "CaseProblem",
    "CaseResult",
    "Expectations",
    "ExpectationsError",
    "ExpressionError",
    "MatrixRow",
    "MutantResult",
    "ResultsFile",
    "RuntimeUnavailable",
    "Skip",
    "SuiteResult",
    "UnhealthyBaselineError",
    "UnknownCaseError",
    "Verdict",
    "adapter_names",
    "adapter_options",
    "any_of",
    "build_suite",
    "case_to_json",
    "exact_ids",
    "list_cases",
    "load_adapter",
    "load_expectations",
    "load_guests",
    "matrix",
    "mutant_names",
    "mutants_selection",
    "run_mutants",
    "run_suite",
    "select",
    "select_guests",
    "shipped_cases",
    "wrap",
    "write_expectations",
    "write_reports",
]
