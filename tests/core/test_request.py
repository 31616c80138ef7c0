from relay.core.request import PARAMETERS, Request


def test_parameters_are_the_ones_that_were_set():
    assert Request(model="m", messages=()).parameters() == ()
    request = Request(model="m", messages=(), stop=("a",), temperature=0.0, parallel_tool_calls=False)
    assert request.parameters() == ("parallel_tool_calls", "stop", "temperature")


def test_every_parameter_is_a_field():
    assert set(PARAMETERS) <= set(Request.__struct_fields__)
