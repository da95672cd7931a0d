"""The platform on one machine: the unchanged program, an emulated AWS, the policy pack, the loop."""
